// Called as "greet.hello".

export function hello({ name }: { name: string }): string {
  return `Hello, ${name}!`;
}
