import { Code, Frame1, coroutine } from "pollux/compiler-runtime";
import "pollux";
function addOne$run(cx, frame, i) {
  if (frame !== null) i = frame.s0;

  return i + 1;
}

const addOne$code = new Code(addOne$run, { name: "addOne", file: "ready.ts", states: {} });

export const addOne = coroutine(function (i) {
  return new Frame1(addOne$code, i);
});
