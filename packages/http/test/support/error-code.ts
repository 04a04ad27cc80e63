/** The code of what a function throws; `null` if it throws nothing. */
export function errorCode(fn: () => unknown): string | null {
  try {
    fn();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return null;
}
