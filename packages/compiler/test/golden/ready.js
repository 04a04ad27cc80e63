import { CompiledFrame, coroutine } from "pollux/compiler-runtime";
import "pollux";
class addOne$Frame extends CompiledFrame {
  constructor(i) {
    super();
    this.s0 = i;
  }

  get name() {
    return "addOne";
  }

  step(cx) {
    return addOne$run(cx, this);
  }

  drop() {
    this.s0 = void 0;
  }
}

function addOne$run(cx, frame, i) {
  if (frame !== null) i = frame.s0;

  return i + 1;
}

export const addOne = coroutine(function (i) {
  return new addOne$Frame(i);
});
