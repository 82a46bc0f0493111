// What goes wrong in real code, each once.

// It never lets its process breathe: no timer fires, no signal handler runs.
export function spin() {
  for (;;);
}

// One input takes the whole process down.
export function parse({ text }: { text: string }) {
  if (text === "☠") process.kill(process.pid, "SIGSEGV");
  return { length: text.length };
}
