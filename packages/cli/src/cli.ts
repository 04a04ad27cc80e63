import { readFileSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Jsx } from "./compile.ts";
import { addCompletion } from "./completion.ts";
import type { Layout } from "./expand.ts";
import { ExitCode, Failure } from "./failure.ts";
import type { RunOptions } from "./run.ts";
import { styleFor } from "./style.ts";

/** Signals that a process cannot hear, that Node has a use of its own for, or that end the program. */
const TAKEN: ReadonlySet<string> = new Set(["SIGKILL", "SIGSTOP", "SIGUSR1", "SIGPROF", "SIGINT", "SIGTERM"]);

// Each command loads what it needs when it is used: help and completion are there at once.

/**
 * Runs the command with the arguments that a person gave, without the names of Node and of the command. It sets the
 * process's exit code, or ends it.
 */
export async function cli(args: readonly string[]): Promise<void> {
  try {
    await (await program(args)).parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are no errors. For all else, what was wrong has been written.
      process.exitCode = error.exitCode === 0 ? 0 : ExitCode.Usage;
    } else if (error instanceof Failure) {
      process.stderr.write(`${styleFor(process.stderr)("red", "error:")} ${error.message}\n`);
      process.exitCode = error.exitCode;
    } else throw error;
  }
}

async function program(args: readonly string[]): Promise<Command> {
  const pollux = new Command("pollux")
    .description("Runs, checks and explains programs of Pollux coroutines.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const style = styleFor(process.stderr);
        write(text.replace(/^error:/, (word) => style("red", word)));
      },
    });

  pollux
    .command("run")
    .summary("run a program")
    .description(
      "Runs a TypeScript or JavaScript program, with its coroutines compiled.\n\n" +
        "The exported `main` is run on a runtime: a coroutine, or a function that gives a future. It is given the " +
        "arguments as an array. A program without `main` is just loaded.\n\n" +
        "Ctrl-C, or SIGTERM, cancels main and waits for its cleanup; a second one ends the program at once. The " +
        "exit code is 0, 1 if main fails, 13 if nothing is left that could let it go on, 130 after Ctrl-C and 143 " +
        "after SIGTERM.",
    )
    .argument("<file>", "the program")
    .argument("[args...]", "what the program is given; behind -- also what begins with a dash")
    .addOption(
      new Option("-r, --reactor <name>", "what does the I/O")
        .choices(["auto", "epoll", "node"])
        .default("auto"),
    )
    .option("-t, --trace <file>", "write what the tasks did, as Chrome trace events, to a file")
    .option("-d, --dump-on <signal>", "list the tasks on stderr whenever this signal comes", signalName)
    .option("-g, --grace <ms>", "how long the cleanup after a cancel may take (default: 30000)", milliseconds)
    .addHelpText("after", examples("pollux run app.ts", "pollux run --dump-on SIGUSR2 app.ts -- --port 8080"))
    .action(async (file: string, rest: string[], options: RunOptions) => {
      const { runFile } = await import("./run.ts");
      await runFile(file, rest, options);
    });

  pollux
    .command("expand")
    .summary("print the state machines that coroutines become")
    .description(
      "Prints what each coroutine of a file was written as, the states in which it waits with the variables " +
        "that live on in each, and the state machine that it becomes.",
    )
    .argument("<file>", "a TypeScript or JavaScript module")
    .option("-f, --function <name>", "only the coroutine of this name")
    .addOption(
      new Option(
        "-l, --layout <where>",
        "where the state machine is printed; beside where the terminal is wide",
      )
        .choices(["auto", "beside", "below"])
        .default("auto"),
    )
    .addHelpText("after", examples("pollux expand app.ts --function main"))
    .action(async (file: string, options: { function?: string; layout: Layout }) => {
      const { expandFile } = await import("./expand.ts");
      expandFile(file, options);
    });

  pollux
    .command("check")
    .summary("say what in files cannot be compiled, or may surprise")
    .description(
      "Compiles the coroutines of files, writes nothing, and prints errors and warnings with the lines around them. " +
        "Ends with 1 if there are errors.",
    )
    .argument("<files...>", "modules, and folders of modules")
    .addHelpText("after", examples("pollux check src"))
    .action(async (files: string[]) => {
      const { check } = await import("./check.ts");
      check(files);
    });

  pollux
    .command("compile")
    .summary("compile the JavaScript that another compiler has emitted")
    .description(
      "Compiles the coroutines of JavaScript files in place, such as those that tsc has emitted, and joins their source " +
        "maps. Files without coroutines stay as they are, and so do those that are compiled already. Ends with 1 if " +
        "there are errors; what has some is not written.",
    )
    .argument("<files...>", "JavaScript modules, and folders of them")
    .addOption(
      new Option("--jsx <form>", "what JSX becomes in files that have coroutines")
        .choices(["preserve", "automatic", "classic"])
        .default("preserve"),
    )
    .addHelpText("after", examples("tsc && pollux compile dist"))
    .action(async (files: string[], options: { jsx: Jsx }) => {
      const { compileFiles } = await import("./compile.ts");
      compileFiles(files, options);
    });

  await addCompletion(pollux, args);
  pollux.commands
    .find((each) => each.name() === "completion")
    ?.description("Prints a script that completes the command in a shell.")
    .summary("print a script for shell completion")
    .addHelpText("after", examples("pollux completion bash >> ~/.bashrc", "source <(pollux completion zsh)"));
  for (const each of pollux.commands) {
    each
      .helpOption("-h, --help", "print help")
      .showHelpAfterError(`(pollux ${each.name()} --help says more)`);
  }
  return pollux.showHelpAfterError("(pollux --help lists the commands)");
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  // Our own file.
  return (JSON.parse(manifest) as { version: string }).version;
}

function signalName(text: string): string {
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (!(name in constants.signals)) throw new InvalidArgumentError("This system has no such signal.");
  if (TAKEN.has(name)) throw new InvalidArgumentError("This signal has another use; SIGUSR2 is free.");
  return name;
}

function milliseconds(text: string): number {
  const ms = Number(text);
  if (text.trim() === "" || !(ms >= 0))
    throw new InvalidArgumentError("It is a number of milliseconds, 0 or more.");
  return ms;
}
