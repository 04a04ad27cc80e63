#!/usr/bin/env node
import process from "node:process";
import { cli } from "./cli.ts";

// Whoever reads what we write may stop reading: `pollux expand app.ts | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
// Not with `await`: a program that is stuck would be reported twice, the second time as an `await` of this file.
void cli(process.argv.slice(2));
