// El marco de cada página: navegación, conexión, fallos y las palabras de los botones.
import type { Like } from '../catalogue'
import type { shell as english } from '../en/shell'

export const shell: Like<typeof english> = {
  product: 'Gatewarden',
  skip: 'Ir al contenido',

  failure: {
    title: 'No ha funcionado',
    unreachable: 'El servidor no responde. Compruebe la red; esta página vuelve a intentarlo sola.',
    codes: {
      unauthenticated: 'Inicie sesión primero.',
      forbidden: 'Su rol no lo permite. Consulte a la administración de su organización.',
      not_found: 'Esto ya no está aquí.',
      conflict: 'Esto contradice lo que ya hay. Vuelva a cargarlo.',
      stale: 'Otra persona lo ha cambiado entretanto. Vuelva a cargarlo y cámbielo después.',
      invalid: 'Algunos campos no son lo que se permite.',
      wrong_type: 'El servidor no acepta este tipo de archivo.',
      too_large: 'Es más grande de lo que acepta el servidor.',
      rate_limit: 'Demasiados intentos. Espere un minuto y vuelva a intentarlo.',
      busy: 'El servidor está ocupado. Vuelva a intentarlo dentro de un momento.',
      timed_out: 'Ha tardado demasiado. Vuelva a intentarlo.',
    },
    unknown: 'El servidor no ha podido hacerlo. Si se repite, indique a su administración el número de la petición.',
    request: (id: string) => `Petición ${id}`,
    again: 'Reintentar',
    pageTitle: 'No se ha podido mostrar esta página',
    pageWhy: 'Puede que la consola se haya actualizado mientras estaba abierta. Volver a cargarla suele bastar.',
    reload: 'Volver a cargar',
    noPage: 'Esta página no existe',
    noPageWhy: 'Puede que la dirección esté mal escrita o que la página se haya movido.',
    toLive: 'Ir a En directo',
  },

  action: {
    cancel: 'Cancelar',
    close: 'Cerrar',
    save: 'Guardar',
    copy: 'Copiar',
    copied: 'Copiado',
    more: 'Mostrar más',
    back: 'Atrás',
    clear: 'Vaciar',
    undo: 'Deshacer',
    loading: 'Cargando',
    all: 'Todo',
  },

  nav: {
    label: 'Navegación principal',
    open: 'Abrir el menú',
    overview: 'Resumen',
    checklist: 'Comprobaciones',
    live: 'En directo',
    passages: 'Pasos',
    permits: 'Permisos',
    visits: 'Estancias',
    edges: 'Equipos de acceso',
    audit: 'Auditoría',
    accounts: 'Cuentas',
    roles: 'Roles',
    keys: 'Claves de API',
    webhooks: 'Webhooks',
    mqtt: 'MQTT',
    own: 'Mi cuenta',
    logOut: 'Cerrar sesión',
    scheme: 'Colores',
    light: 'Claro',
    dark: 'Oscuro',
    system: 'Como el sistema',
    language: 'Idioma',
    version: (version: string, build: string) => `Gatewarden ${version} · compilación ${build}`,
  },

  connection: {
    connecting: 'Conectando',
    live: 'En directo',
    reconnecting: 'Reconectando',
    liveWhy: 'Lo que ve sigue a los accesos en el momento.',
    reconnectingWhy:
      'Se ha perdido la conexión con el servidor. Lo que ve puede no estar al día; se restablece por sí sola.',
  },
}
