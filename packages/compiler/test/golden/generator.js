import { Code, Frame3, Pending, coroutine, delegate } from "pollux/compiler-runtime";
import { sleep } from "pollux";

const PENDING = Pending;

function tick$run(cx, frame, times) {
  let i;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

    switch (at) {
      case 0:
        times = frame.s0;
        break;

      case 2:
        times = frame.s0;
        i = frame.s1;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      i = 0;

    // loop
    case 1:
      if (!(i < times)) return;
      // yield* sleep(10)
      if ((value = delegate(sleep(10)).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(tick$code, times);
        frame.at = 2;
        frame.s1 = i;

        return frame.suspend(cx);
      }

    // resumed in line 5; live: times, i
    case 2:
      console.log(i);
      i++;
      at = 1;
      continue;
  }
}

const tick$code = new Code(tick$run, {
  name: "tick",
  file: "generator.ts",
  states: { "2": [5, 5, "times", "i"] }
});

export const tick = coroutine(function (times) {
  return new Frame3(tick$code, times);
});
