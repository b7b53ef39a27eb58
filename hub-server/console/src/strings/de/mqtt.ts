// Veröffentlichen über MQTT.
import type { Like } from '../catalogue'
import type { mqtt as english } from '../en/mqtt'

export const mqtt: Like<typeof english> = {
  mqtt: {
    title: 'MQTT',
    lead: 'Wohin der Hub Ereignisse und Zustände veröffentlicht, für Home Assistant und andere. Was über MQTT kommt, bewegt keine Schranke.',
    host: 'Broker',
    port: 'Port',
    tls: 'Über TLS',
    tlsWhy: 'Ohne TLS werden nur Netze angesprochen, die die Einstellungen des Hubs erlauben.',
    user: 'Benutzer',
    password: 'Passwort',
    passwordKept: 'Bleibt es leer, gilt das gesetzte weiter.',
    prefix: 'Themen beginnen mit',
    discovery: 'Präfix von Home Assistant',
    discoveryWhy: 'Bleibt es leer, wird ihm nichts gemeldet.',
    on: 'Veröffentlichen',
    save: 'Speichern',
    saved: 'Die Einstellungen gelten.',
    remove: 'Entfernen',
    removed: 'Es wird nichts mehr veröffentlicht.',
    status: 'Zustand',
    good: 'Der Broker hat alles',
    waiting: 'Wartende Ereignisse',
    failing: 'Der Broker wurde nicht erreicht',
    off: 'Aus',
    last: 'Zuletzt bestätigt',
    never: 'Nie',
  },
}
