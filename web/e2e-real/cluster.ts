// Three real nodes for the browser tests: `trongdong demo` on free ports and in a folder of its own, so that a demonstration
// that runs already is not disturbed. The demonstration starts each node as a process; tests may kill those, and start them again.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Environment variable that carries the facts from the runner to its workers. */
export const CLUSTER_VARIABLE = 'TRONGDONG_CLUSTER';
/** Three elections, a province's names and a password hash for each account, on a busy machine. */
const READY_MS_MAX = 180_000;
/** A command that builds first: all crates but RocksDB's C++, which is built with anything else before. */
const BUILT_MS_MAX = 2_700_000;
/** Where a person types commands. */
const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
/** The demonstration asks its nodes to stop and waits for them. */
const STOP_MS_MAX = 30_000;
/** A node that was killed opens its database again and hears of a leader for each group. */
const BACK_MS_MAX = 60_000;
/** Between two looks at something that only a node's process or its figures tell. */
const LOOK_MS = 100;
/** Between the ports that `node::local` gives to nodes (below 32000) and those that Linux gives to outgoing connections (from 32768). */
const PORTS = { from: 32_100, to: 32_700 };
const PORT_TRIES = 100;
/** Ports that were given: none is given twice. */
const given = new Set<number>();
const NODES = 3;
/** Bytes of the demonstration's output that are kept to explain why it did not start. */
const OUTPUT_CHARACTERS_MAX = 8_000;

/** What a test needs to know. */
export interface Facts {
  /** Origins of the gateways, by node, the first being node 1. */
  urls: string[];
  /** Of every account that the demonstration makes. */
  password: string;
  /** Where the nodes live, each in `node-<number>`. */
  folder: string;
  /** The program that they run. */
  program: string;
  /** Where node 1 takes telephone calls over SIP. */
  sip: string;
}

/** The cluster that the runner started. */
export function facts(): Facts {
  const text = process.env[CLUSTER_VARIABLE];
  if (text === undefined) throw new Error('no cluster runs: start the tests with `npm run e2e:real`');
  return JSON.parse(text) as Facts;
}

function program(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(homedir(), '.cache/trongdong/target');
  const path = process.env['TRONGDONG_PROGRAM'] ?? join(target, 'debug/trongdong');
  if (!existsSync(path)) throw new Error(`${path} is not there: build it with \`cargo build --package node\`, or name it in TRONGDONG_PROGRAM`);
  return path;
}

/** Nothing moves by itself: what the tests see, they did. */
export const STILL = ['--still', '--sensors', '12', '--units', '12', '--cameras', '0'] as const;

/**
 * Starts the nodes with these options of `trongdong demo`, and waits until the province is registered. `typed` is the command by which a
 * person starts it, which builds what it starts and becomes it; without one the program that was built is started.
 */
export async function startCluster(options: readonly string[], typed?: readonly string[]): Promise<{ facts: Facts; stop: () => Promise<void> }> {
  const [command = '', ...words] = typed ?? [program(), 'demo'];
  const folder = mkdtempSync(join(tmpdir(), 'trongdong-web-'));
  const sipPort = await freePort();
  const demo = spawn(command, [...words, '--folder', folder, '--first-port', '0', '--sip-port', String(sipPort), ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TRONGDONG_LOG: 'warn' },
    cwd: typed && CHECKOUT,
  });
  const stop = () => stopCluster(demo, folder);
  // A runner that is ended in the middle leaves nothing behind.
  process.once('exit', () => killAll(demo, folder));
  try {
    const output = await ready(demo, typed === undefined ? READY_MS_MAX : READY_MS_MAX + BUILT_MS_MAX);
    const urls = [...output.matchAll(/node \d+ +(http:\S+)/g)].map(([, url]) => url ?? '');
    const running = Array.from({ length: NODES }, (_, index) => nodePid(folder, index + 1));
    if (urls.length !== NODES || running.includes(undefined)) throw new Error(`three nodes should run: ${output}`);
    const password = readFileSync(join(folder, 'admin.password'), 'utf8').trim();
    return { facts: { urls, password, folder, program: program(), sip: `127.0.0.1:${sipPort}` }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ready(demo: ChildProcess, msMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`the cluster is not ready after ${msMax} ms: ${output}`)), msMax);
    const hear = (bytes: Buffer) => {
      output = (output + bytes.toString()).slice(-OUTPUT_CHARACTERS_MAX);
      if (!output.includes('ends it all')) return;
      clearTimeout(timer);
      resolve(output);
    };
    demo.stdout?.on('data', hear);
    demo.stderr?.on('data', hear);
    demo.once('error', reject);
    demo.once('exit', (code) => reject(new Error(`the demonstration ended (${code}): ${output}`)));
  });
}

/**
 * A port of loopback that nobody has now, and that nobody takes until it is used: the system gives those of `PORTS` to no line that goes
 * out, and the demonstration's nodes take theirs further down.
 */
export async function freePort(): Promise<number> {
  for (let left = PORT_TRIES; left > 0; left -= 1) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    // What is held over UDP alone is not seen here.
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port in ${PORTS.from} to ${PORTS.to}: end what listens there`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Looks until there is something; undefined after that time. */
async function until<T>(msMax: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const end = Date.now() + msMax;
  for (;;) {
    const found = await look();
    if (found !== undefined || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** `kill -9` of a node, by its number. */
export async function killNode({ folder }: Facts, node: number): Promise<void> {
  const pid = nodePid(folder, node);
  if (pid === undefined) throw new Error(`node ${node} does not run`);
  process.kill(pid, 'SIGKILL');
  await until(BACK_MS_MAX, async () => (nodePid(folder, node) === undefined ? true : undefined));
}

/** Starts a node that was killed, and waits until it says that it is ready. It ends with the cluster. */
export async function startNode({ folder, program: path, urls }: Facts, node: number): Promise<void> {
  const home = join(folder, `node-${node}`);
  const log = openSync(join(home, 'node.log'), 'a');
  // As the demonstration starts it: what it asks on loopback goes past a proxy of the machine's.
  const env = { ...process.env, TRONGDONG_LOG: 'warn', NO_PROXY: '127.0.0.1,localhost' };
  spawn(path, ['start', home], { stdio: ['ignore', log, log], env }).unref();
  closeSync(log);
  const ready = await until(BACK_MS_MAX, async () => {
    const answer = await fetch(`${urls[node - 1]}/ready`).catch(() => undefined);
    return answer?.ok ? true : undefined;
  });
  if (ready === undefined) throw new Error(`node ${node} is not ready after ${BACK_MS_MAX} ms: see node.log`);
}

/** The node that leads group 0, as any of the others than `gone` says and as it says itself: others may not have heard that a lead moved. */
export async function leaderOf({ urls }: Facts, gone = 0): Promise<number> {
  const leaderBy = async (node: number) => {
    const text = await fetch(`${urls[node - 1]}/metrics`).then((answer) => answer.text()).catch(() => '');
    return Number(/^trongdong_group_leader\{group="0"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const leader = await until(BACK_MS_MAX, async () => {
    for (const node of urls.map((_, index) => index + 1).filter((other) => other !== gone)) {
      const found = await leaderBy(node);
      if (found !== 0 && found !== gone && (found === node || (await leaderBy(found)) === found)) return found;
    }
    return undefined;
  });
  if (leader === undefined) throw new Error('no leader of group 0 is named');
  return leader;
}

/** The process that runs this node: the one whose arguments name its folder. */
function nodePid(folder: string, node: number): number | undefined {
  const home = join(folder, `node-${node}`);
  return pids().find((pid) => {
    try {
      const [, verb, argument] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return verb === 'start' && argument === home;
    } catch {
      return false;
    }
  });
}

async function stopCluster(demo: ChildProcess, folder: string): Promise<void> {
  if (demo.exitCode === null && demo.signalCode === null) {
    const ended = new Promise<void>((resolve) => demo.once('exit', () => resolve()));
    demo.kill('SIGINT');
    const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS_MAX).unref());
    await Promise.race([ended, late]);
  }
  killAll(demo, folder);
  rmSync(folder, { recursive: true, force: true });
}

/** By process id, and only what this run started: the nodes, the cameras' server, the demonstration. */
function killAll(demo: ChildProcess, folder: string): void {
  const nodes = Array.from({ length: NODES }, (_, index) => nodePid(folder, index + 1));
  const isRunning = demo.exitCode === null && demo.signalCode === null;
  for (const pid of new Set([...nodes, ...(isRunning ? childrenOf(demo.pid) : []), isRunning ? demo.pid : undefined])) {
    try {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

function childrenOf(parent: number | undefined): number[] {
  return pids().filter((pid) => {
    try {
      // "pid (name) state parent …"; the name may hold anything, so the line is read from its end.
      const [, ppid] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return Number(ppid) === parent;
    } catch {
      return false;
    }
  });
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter((pid) => pid > 0);
}
