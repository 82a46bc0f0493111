/** What the page says; edit it, and every open page loads itself anew. */
export function greeting(): string {
  return "Hello from generation one";
}
