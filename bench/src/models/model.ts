/** A way to write what waits. All do the same. */
export interface Model {
  /** Runs so many tasks at once, each of which sleeps for {@link msOf} and adds its number up; gives the sum. */
  delayed(tasks: number): Promise<number>;
  /** Two tasks that let each other go on, so many times each; gives how often both had their turn. */
  pingPong(turns: number): Promise<number>;
}

/** How long a task sleeps, in ms. */
export function msOf(task: number): number {
  return 10 + (task % 10);
}
