// Rights beyond a role and the second factor, over HTTP.
import { nextSequence, readJson, sendCommand, sendNumbered, type Session } from './api';

/** How far one's second factor is. */
export interface SecondFactor {
  state: 'none' | 'pending' | 'on';
  recoveryLeft: number;
}

/** What an authenticator application is given, and what is written down. */
export interface Chosen {
  uri: string;
  secret: string;
  recovery: string[];
}

/** Somebody's rights for a time. */
export interface Delegation {
  id: string;
  giver: string;
  deputy: string;
  fromMs: number;
  untilMs: number;
  reason: string;
}

/** How far the second factor of whoever is signed in is. */
export async function readSecondFactor(): Promise<SecondFactor> {
  const answer = (await readJson('/api/second-factor')) as { state: SecondFactor['state']; recovery_left: number };
  return { state: answer.state, recoveryLeft: answer.recovery_left };
}

/** Delegations from or to whoever is signed in; an administrator is told of everybody's. */
export async function readDelegations(): Promise<Delegation[]> {
  const { items } = (await readJson('/api/delegations')) as {
    items: { id: string; giver: string; deputy: string; from_ms: number; until_ms: number; reason: string }[];
  };
  return items.map(({ from_ms, until_ms, ...rest }) => ({ ...rest, fromMs: from_ms, untilMs: until_ms }));
}

/** Whether what rings in the room is to ring at this screen. */
export async function readRung(): Promise<boolean> {
  return ((await readJson('/api/duty')) as { rung: boolean }).rung;
}

/** Chooses a second factor; it counts once a code of it was shown. */
export async function chooseSecondFactor(session: Session, password: string): Promise<Chosen> {
  return (await sendNumbered('/api/second-factor', { password }, await nextSequence(session))) as Chosen;
}

/** Any other command about rights: answered, or refused. */
export async function sendAccess(session: Session, path: string, body: unknown): Promise<void> {
  await sendCommand(path, body, await nextSequence(session), () => {});
}
