import { Code, Frame1, Pending, coroutine, future } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

function command$run(cx, frame) {
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);
  }

  while (true) switch (at) {
    case 0:

    // loop
    case 1:
      if (!true) {
        at = 7;

        continue;
      }
      // await read()
      if ((value = future(read()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame1(command$code);
        frame.at = 2;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: nothing
    case 2:
      switch (value) {
        case "quit":
          at = 7;
          continue;

        case "twice":
          at = 3;
          continue;

        case "once":
          at = 5;
          continue;
      }
      at = 1;
      continue;

    case 3:
      // await read()
      if ((value = future(read()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame1(command$code);
        frame.at = 4;

        return frame.suspend(cx);
      }

    // resumed in line 11; live: nothing
    case 4:

    case 5:
      // await read()
      if ((value = future(read()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame1(command$code);
        frame.at = 6;

        return frame.suspend(cx);
      }

    // resumed in line 13; live: nothing
    case 6:
      at = 1;
      continue;

    case 7:
      return;
  }
}

const command$code = new Code(command$run, {
  name: "command",
  file: "switch.ts",
  states: { "2": [7, 13], "4": [11, 9], "6": [13, 9] }
});

export const command = coroutine(function () {
  return new Frame1(command$code);
});
