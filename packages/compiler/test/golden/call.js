import { CompiledFrame, Pending, coroutine, places } from "pollux/compiler-runtime";
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

const addOne = coroutine(function (i) {
  return new addOne$Frame(i);
});
class sum$Frame extends CompiledFrame {
  constructor(n) {
    super();
    this.s0 = n;
    this.s1 = void 0;
    this.s2 = void 0;
  }

  get name() {
    return "sum";
  }

  step(cx) {
    return sum$run(cx, this);
  }

  drop() {
    this.s0 = void 0;
    this.s1 = void 0;
    this.s2 = void 0;
  }
}

places(sum$Frame, "call.ts", { "2": [7, 38, "n", "sum", "i"] });

function sum$run(cx, frame, n) {
  let sum, i;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === Pending) return frame.suspend(cx);

    switch (at) {
      case 0:
        n = frame.s0;
        break;

      case 2:
        n = frame.s0;
        sum = frame.s1;
        i = frame.s2;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      sum = 0;
      i = 0;

    // loop
    case 1:
      if (!(i < n)) return `the sum is ${sum}`;
      // await addOne(i)
      if ((value = addOne$run(cx, null, i)) === Pending) {
        frame ??= new sum$Frame(n);
        frame.at = 2;
        frame.s1 = sum;
        frame.s2 = i;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: n, sum, i
    case 2:
      sum += value;
      i++;
      at = 1;
      continue;
  }
}

export const sum = coroutine(function (n) {
  return new sum$Frame(n);
});
