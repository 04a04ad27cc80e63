import { Code, Frame1, Frame3, Pending, coroutine } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

function addOne$run(cx, frame, i) {
  if (frame !== null) i = frame.s0;

  return i + 1;
}

const addOne$code = new Code(addOne$run, { name: "addOne", file: "call.ts", states: {} });

const addOne = coroutine(function (i) {
  return new Frame1(addOne$code, i);
});
function sum$run(cx, frame, n) {
  let sum, i;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

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
      if ((value = addOne$run(cx, null, i)) === PENDING) {
        frame ??= new Frame3(sum$code, n);
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

const sum$code = new Code(sum$run, {
  name: "sum",
  file: "call.ts",
  states: { "2": [7, 38, "n", "sum", "i"] }
});

export const sum = coroutine(function (n) {
  return new Frame3(sum$code, n);
});
