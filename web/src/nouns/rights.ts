// Who may do what, as the cluster's policy has it (consensus/domain/src/policy.rs). The server decides in the end; this lets
// a screen say beforehand why something cannot be done. Which places a person may act in is known to the server alone.

export const ROLES = ['admin', 'operator', 'agent', 'dispatcher', 'responder', 'viewer', 'device', 'telephony', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** Families of commands that the screens have. */
export const ACTIONS = [
  'handle-alarm',
  'open-incident',
  'note-incident',
  'acknowledge-incident',
  'resolve-incident',
  'assign-incident',
  'decide-incident',
  'handle-report',
  'answer-task',
  'set-unit-status',
  'take-call',
  'handle-call',
  'warn-public',
  'hand-over',
  'lead-exercise',
  'lead-room',
  'keep-log',
  'give-instruction',
  'do-instruction',
  'hold-clock',
  'acknowledge-clock',
  'report-progress',
  'administer',
  'read-record',
] as const;
export type Action = (typeof ACTIONS)[number];

const ALLOWED: Readonly<Record<Action, readonly Role[]>> = {
  'handle-alarm': ['admin', 'operator'],
  'open-incident': ['admin', 'operator', 'agent'],
  'note-incident': ['admin', 'operator', 'agent', 'dispatcher', 'responder'],
  'acknowledge-incident': ['admin', 'operator', 'dispatcher'],
  'resolve-incident': ['admin', 'operator', 'dispatcher'],
  'assign-incident': ['admin', 'operator', 'dispatcher'],
  // Close, reopen, merge, un-merge, decide on a suggestion.
  'decide-incident': ['admin', 'operator'],
  // See what citizens told, gather it in an incident, answer it.
  'handle-report': ['admin', 'operator', 'agent', 'dispatcher'],
  'answer-task': ['admin', 'operator', 'dispatcher', 'responder'],
  // Statuses, check-ins and maydays, as crews give them by phone or by radio.
  'set-unit-status': ['admin', 'dispatcher', 'responder'],
  // Answer, hold, transfer and end calls; an exchange does so for whose phone it is.
  'take-call': ['admin', 'operator', 'agent', 'telephony'],
  // Call back, say whether one takes calls, keep drafts.
  'handle-call': ['admin', 'operator', 'agent'],
  // Draft, approve, reject warnings; nobody approves their own.
  'warn-public': ['admin', 'operator'],
  // Offer an incident to another service, enter what was answered, take it back.
  'hand-over': ['admin', 'operator', 'dispatcher'],
  // Start and end exercises; for everywhere only, which the server knows.
  'lead-exercise': ['admin', 'operator'],
  // Show scenes to other rooms, follow them.
  'lead-room': ['admin', 'operator', 'dispatcher'],
  // Hand-overs and a room's log.
  'keep-log': ['admin', 'operator', 'agent', 'dispatcher'],
  // Give instructions, confirm or send back what was done, cancel it.
  'give-instruction': ['admin', 'operator'],
  // Whose it is takes it and says that it is done; whose it is, the server knows.
  'do-instruction': ['admin', 'operator', 'agent', 'dispatcher', 'responder', 'viewer'],
  // Stop clocks for a reason, and let them run again.
  'hold-clock': ['admin', 'operator'],
  // Say how far something is, with a photo, and promise a time; of an instruction whose it is, the server knows.
  'report-progress': ['admin', 'operator', 'agent', 'dispatcher', 'responder', 'viewer'],
  // Say that one has seen how late something is: who was told of it may, whatever they are there for.
  'acknowledge-clock': ['admin', 'operator', 'agent', 'dispatcher', 'responder', 'viewer'],
  // Register models, take them into use and out of it, switch them.
  administer: ['admin'],
  // Read the record of who did what and why; for everywhere only, which the server knows.
  'read-record': ['admin', 'auditor'],
};

/** The role of that name; one that is not known may only look. */
export function roleOf(name: string): Role {
  return ROLES.find((role) => role === name) ?? 'viewer';
}

/** Whether the role allows the action somewhere. */
export function roleAllows(role: Role, action: Action): boolean {
  return ALLOWED[action].includes(role);
}
