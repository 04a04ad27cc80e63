/** Rows under their titles as aligned text: the first column to the left, numbers to the right. */
export function table(titles: string[], rows: string[][]): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("   ");
  const rule = widths.map((width) => "─".repeat(width)).join("───");
  return [line(titles), rule, ...rows.map(line)].join("\n");
}
