/** `"1 poll"`, `"2 polls"`: for messages and dumps. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
