// The drill in a heartbeat, as the screens have it.
import { DrillScenario, type DrillNow as NowWire } from '../gen/trongdong/v1/drill_pb';
import { scenarioOf, type DrillNow } from '../nouns/drill';

/** The drill that is not closed; undefined: there is none. */
export function drillNowOf(wire: NowWire | undefined): DrillNow | undefined {
  if (wire === undefined) return undefined;
  const { number, scenario, nodes, untilMs, ended } = wire;
  return { number: Number(number), scenario: scenarioOf(DrillScenario[scenario] ?? ''), nodes: nodes.map(Number), untilMs: Number(untilMs), ended };
}
