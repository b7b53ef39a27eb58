// Die Schlüssel von Programmen.
import type { Like } from '../catalogue'
import type { keys as english } from '../en/keys'

export const keys: Like<typeof english> = {
  keys: {
    title: 'API-Schlüssel',
    lead: 'Wie Programme den Hub ansprechen. Ein Schlüssel darf nie mehr als das Konto, das ihn erstellt hat.',
    create: 'Neuer Schlüssel',
    empty: 'Kein Programm hat einen Schlüssel',
    emptyWhy: 'Mit einem Schlüssel spricht ein Programm die API an, mit den Rechten, die Sie wählen.',
    name: 'Name',
    nameWhy: 'Wofür er ist. Im Protokoll steht er neben dem, was der Schlüssel tut.',
    owner: 'Konto',
    rights: 'Rechte',
    rightsWhy: 'So wenige, wie das Programm braucht.',
    used: 'Zuletzt benutzt',
    never: 'Nie',
    until: 'Gilt bis',
    forEver: 'Er widerrufen wird',
    spans: [
      { value: '7', label: '7 Tage' },
      { value: '30', label: '30 Tage' },
      { value: '90', label: '90 Tage' },
      { value: '365', label: 'Ein Jahr' },
      { value: '0', label: 'Bis er widerrufen wird' },
    ],
    state: { revoked: 'widerrufen', over: 'abgelaufen' },
    submit: 'Schlüssel erstellen',
    secret: 'Kopieren Sie den Schlüssel',
    secretWhy:
      'Er wird nur dieses eine Mal gezeigt und nirgends aufbewahrt. Ein Programm sendet ihn als „Authorization: Bearer …“.',
    secretKept: 'Ich habe ihn',
    revoke: 'Widerrufen',
    revokeNamed: (name: string) => `Den Schlüssel ${name} widerrufen`,
    revokeSurely: 'Endgültig widerrufen',
    revoked: (name: string) => `Der Schlüssel ${name} gilt nicht mehr.`,
  },
}
