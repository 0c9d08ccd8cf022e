// Apart from the kinds, so that a page without a line does without the wire's numbers.
import { IncidentKind } from '../gen/trongdong/v1/incident_pb';
import { kindNamed, type Kind } from './kind';

/** The kind of that number; undefined for none. */
export function kindOf(wire: IncidentKind): Kind | undefined {
  return wire === IncidentKind.UNSPECIFIED ? undefined : kindNamed(IncidentKind[wire] ?? '');
}
