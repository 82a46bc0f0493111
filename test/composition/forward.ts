// Stands for an object that is another one each time: whatever is asked of it is asked of the one that it is now.

export function forward<T extends object>(current: () => T): T {
  return new Proxy({} as T, {
    get(_, name) {
      const value: unknown = Reflect.get(current(), name);
      if (typeof value === "function") return value.bind(current()) as unknown;
      if (typeof value !== "object" || value === null) return value;
      return forward(() => Reflect.get(current(), name) as object);
    },
  });
}
