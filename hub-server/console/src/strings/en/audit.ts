// The audit trail.
export const audit = {
  audit: {
    title: 'Audit',
    lead: 'Who did what, when, and from where. Lines can be added, never changed.',
    action: 'Action',
    account: 'Who',
    from: 'From',
    until: 'Until',
    when: 'When',
    what: 'What',
    address: 'Address',
    details: 'Details',
    show: (id: number | string) => `Details of line ${id}`,
    object: 'Object',
    hash: 'Hash',
    empty: 'No line matches',
    emptyWhy: 'Widen the time, or clear the filters.',
    actors: { account: 'Account', edge: 'Edge', system: 'System' },
  },
} as const
