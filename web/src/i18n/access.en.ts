import type { AccessDict } from './access.vi';

/** Words of rights beyond a role, and of the second factor. */
export const enAccess: AccessDict = {
  heading: 'Account and rights',
  offDuty: 'Off duty: not rung',
  actsFor: (person, until) => `Acting for ${person} until ${until}`,
  glassUntil: (until) => `Emergency access until ${until}`,
  failed: 'Not done. Check the line and try again.',
  factor: {
    heading: 'Second factor',
    none: 'Off. When it is on, signing in also takes a code of your authenticator app.',
    on: (left) => `On. ${left} recovery codes left.`,
    password: 'Your password',
    choose: 'Turn on',
    open: 'Open in the authenticator app',
    secret: 'Or type this key into the app:',
    recovery: 'Write down the recovery codes; each works once when the phone is lost. They are not shown again.',
    code: 'Code in the app',
    confirm: 'Confirm',
    drop: 'Turn off',
    refused: 'Wrong password or code.',
  },
  delegation: {
    heading: 'Delegation',
    none: 'Nobody delegates to you now.',
    from: (giver, until) => `${giver} delegates until ${until}`,
    take: 'Act for them',
    layDown: 'Stop acting for them',
    deputy: 'Deputy (user name)',
    hours: 'Hours',
    reason: 'Reason',
    give: 'Delegate to them',
    given: (deputy, until) => `Delegated to ${deputy} until ${until}`,
    revoke: 'Revoke',
  },
  glass: {
    heading: 'Emergency access',
    note: 'See and handle the whole province for 30 minutes. The reason goes into the record and to the administrators.',
    reason: 'Reason of the emergency',
    open: 'Open emergency access',
    end: 'End it',
  },
};
