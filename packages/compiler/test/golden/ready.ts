import { co } from "pollux";

export const addOne = co(async (i: number) => i + 1);
