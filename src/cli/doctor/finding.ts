// What the doctor found: one sentence about one thing, and how bad it is.

export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  readonly name: string;
  readonly message: string;
}

export const ok = (name: string, message: string): Finding => ({ level: "ok", name, message });
export const warn = (name: string, message: string): Finding => ({ level: "warn", name, message });
export const fail = (name: string, message: string): Finding => ({ level: "fail", name, message });
