// One's own account.
import { counter } from '../forms'

const many = counter('en')

export const own = {
  own: {
    title: (name: string) => name,
    lead: 'Your password, and where you are logged in.',
    logIns: 'Where you are logged in',
    browser: 'Browser',
    unknown: 'Unknown',
    address: 'Address',
    since: 'Since',
    until: 'Until',
    here: 'this one',
    end: 'End',
    ended: 'That log-in has ended.',
    password: 'Password',
    current: 'Your password',
    next: 'New password',
    nextWhy:
      'At least 8 characters, with a capital letter, a small letter and a digit. Every other log-in of yours ends.',
    submit: 'Change the password',
    changed: 'Your password is changed.',
    factor: 'Second factor',
    factorOff: 'Off. With it, logging in needs a code of your phone beside the password.',
    factorNeeded: 'Your role needs a second factor. Until it is set up you may do nothing else here.',
    factorOn: (codes: number) => `On. ${many(codes, '# recovery code is', '# recovery codes are')} left.`,
    factorBegin: 'Set it up',
    factorScan: 'Scan this with an authenticator, or type the secret into it. Then give the code that it shows.',
    factorQr: 'QR code for the authenticator',
    factorSecret: 'Secret',
    factorCode: 'Code',
    factorConfirm: 'Turn it on',
    factorTurnOff: 'Turn it off',
    factorOffWhy: 'A code of the authenticator, or a recovery code.',
    factorIsOff: 'The second factor is off.',
    recovery: 'Your recovery codes',
    recoveryWhy:
      'Each logs in once when the authenticator is lost. They are shown this once: print them or keep them safe.',
    recoveryKept: 'I have them',
  },
} as const
