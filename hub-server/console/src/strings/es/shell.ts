// El marco de cada página: navegación, conexión, fallos y las palabras de los botones.
import type { Like } from '../catalogue'
import type { shell as english } from '../en/shell'

export const shell: Like<typeof english> = {
  product: 'Gatewarden',
  skip: 'Ir al contenido',

  failure: {
    title: 'No ha funcionado',
    unreachable: 'El servidor no responde. Compruebe la red; esta página vuelve a intentarlo sola.',
    forbidden: 'Su rol no lo permite. Consulte a la administración de su organización.',
    notFound: 'Esto ya no está aquí.',
    busy: 'El servidor está ocupado. Vuelva a intentarlo dentro de un momento.',
    tooMany: 'Demasiados intentos. Espere un minuto y vuelva a intentarlo.',
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
    live: 'En directo',
    passages: 'Pasos',
    permits: 'Permisos',
    visits: 'Estancias',
    edges: 'Equipos de acceso',
    audit: 'Auditoría',
    accounts: 'Cuentas',
    roles: 'Roles',
    keys: 'Claves de API',
    own: 'Mi cuenta',
    logOut: 'Cerrar sesión',
    account: (name: string, role: string) => `${name}, ${role}`,
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
