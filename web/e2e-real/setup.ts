// Before the tests a cluster starts, after them it ends, whatever became of them.
import { existsSync, readFileSync } from 'node:fs';
import { CLUSTER_VARIABLE, startCluster, STILL, type Facts } from './cluster';
import { IS_DEMO, UP } from './demo';
import { PICTURE, PROVINCE } from './picture';

const BUILT = new URL('../dist/index.html', import.meta.url);

/** A program carries the screens of the moment it was built: with older ones, tests look for what is not there. */
async function needScreens({ urls: [first = ''], program }: Facts): Promise<void> {
  if (!existsSync(BUILT)) return;
  const served = await fetch(`${first}/`).then((answer) => answer.text());
  if (served === readFileSync(BUILT, 'utf8')) return;
  throw new Error(`${program} carries other screens than web/dist: run the step by \`cargo xtask test --only\`, which builds both, or build it again`);
}

/** What the cluster of this run is. */
export const OPTIONS: readonly string[] = IS_DEMO ? UP.options : PICTURE === undefined ? STILL : PROVINCE;

export default async function setup(): Promise<() => Promise<void>> {
  const cluster = await startCluster(OPTIONS, IS_DEMO ? UP.command : undefined);
  try {
    await needScreens(cluster.facts);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  process.env[CLUSTER_VARIABLE] = JSON.stringify(cluster.facts);
  return cluster.stop;
}
