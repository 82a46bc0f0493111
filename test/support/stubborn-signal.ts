// A caller's signal that throws when it is listened to, or when it is let go of.

/** Never aborted. `method` throws `error`. */
export function stubborn(method: "addEventListener" | "removeEventListener", error: Error): AbortSignal {
  const nothing = (): void => undefined;
  const fail = (): void => {
    throw error;
  };
  const signal = { aborted: false, addEventListener: nothing, removeEventListener: nothing, [method]: fail };
  return signal as unknown as AbortSignal;
}
