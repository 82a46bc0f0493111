// Each exported function can be called, by the name of its file and its own: this one as "greet.hello". It takes one
// object and runs in a worker process: when it crashes, its caller gets an error and the next call a new process.

export function hello({ name }: { name: string }): string {
  return `Hello, ${name}!`;
}
