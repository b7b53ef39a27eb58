// Las claves de los programas.
import type { Like } from '../catalogue'
import type { keys as english } from '../en/keys'

export const keys: Like<typeof english> = {
  keys: {
    title: 'Claves de API',
    lead: 'Cómo llaman los programas al servidor. Una clave nunca puede más que la cuenta que la creó.',
    create: 'Nueva clave',
    empty: 'Ningún programa tiene clave',
    emptyWhy: 'Con una clave, un programa usa la API con los derechos que usted elija.',
    name: 'Nombre',
    nameWhy: 'Para qué sirve. En la auditoría consta junto a lo que hace la clave.',
    owner: 'Cuenta',
    rights: 'Derechos',
    rightsWhy: 'Los menos que necesite el programa.',
    used: 'Último uso',
    never: 'Nunca',
    until: 'Válida hasta',
    forEver: 'Que se revoque',
    spans: [
      { value: '7', label: '7 días' },
      { value: '30', label: '30 días' },
      { value: '90', label: '90 días' },
      { value: '365', label: 'Un año' },
      { value: '0', label: 'Hasta que se revoque' },
    ],
    state: { revoked: 'revocada', over: 'caducada' },
    submit: 'Crear la clave',
    secret: 'Copie la clave',
    secretWhy:
      'Solo se muestra esta vez y no se guarda en ningún sitio. Un programa la envía como «Authorization: Bearer …».',
    secretKept: 'Ya la tengo',
    revoke: 'Revocar',
    revokeNamed: (name: string) => `Revocar la clave ${name}`,
    revokeSurely: 'Revocar para siempre',
    revoked: (name: string) => `La clave ${name} ya no vale.`,
  },
}
