// How the demo speaks: headings, lines and values, with colour only on a terminal.

const isColoured = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const paint = (code) => (text) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = paint("1");
export const dim = paint("2");
const red = paint("31");
const green = paint("32");

export function act(number, title) {
  console.log(`\n${bold(`Act ${number}: ${title}`)}`);
}

export function say(text) {
  console.log(dim(`  ${text}`));
}

/** Shows a call and what its caller got: the value, or the error's code, name and message. */
export async function show(label, promise) {
  try {
    console.log(`  ${label}  ${green("→")}  ${JSON.stringify(await promise)}`);
  } catch (error) {
    console.log(`  ${label}  ${red("✗")}  ${error.code} ${error.name}: ${error.message}`);
  }
}
