import { co, type Future } from "pollux";

declare const read: () => Future<string>;

export const command = co(async () => {
  outer: while (true) {
    switch (await read()) {
      case "quit":
        break outer;
      case "twice":
        await read();
      case "once":
        await read();
        break;
      default:
        continue outer;
    }
  }
});
