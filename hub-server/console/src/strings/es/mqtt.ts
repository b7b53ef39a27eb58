// Publicar por MQTT.
import type { Like } from '../catalogue'
import type { mqtt as english } from '../en/mqtt'

export const mqtt: Like<typeof english> = {
  mqtt: {
    title: 'MQTT',
    lead: 'Dónde publica el hub sucesos y estados, para Home Assistant y otros. Nada que llegue por MQTT mueve una barrera.',
    host: 'Broker',
    port: 'Puerto',
    tls: 'Por TLS',
    tlsWhy: 'Sin TLS solo se llama a redes que permitan los ajustes del hub.',
    user: 'Usuario',
    password: 'Contraseña',
    passwordKept: 'Si queda vacía, vale la que hay.',
    prefix: 'Los temas empiezan por',
    discovery: 'Prefijo de Home Assistant',
    discoveryWhy: 'Si queda vacío, no se le anuncia nada.',
    on: 'Publicar',
    save: 'Guardar',
    saved: 'Los ajustes valen.',
    remove: 'Quitar',
    removed: 'Ya no se publica nada.',
    status: 'Estado',
    good: 'El broker lo tiene todo',
    waiting: 'Sucesos en espera',
    failing: 'No se alcanzó el broker',
    off: 'Apagado',
    last: 'Última confirmación',
    never: 'Nunca',
  },
}
