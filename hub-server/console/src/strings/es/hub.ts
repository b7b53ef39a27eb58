// Lo que el servidor dice en inglés.
import type { Sentences } from '../sentences'

export const hub: Sentences = {
  'A key has no rights that you do not have.': 'Una clave no tiene derechos que usted no tenga.',
  'A sheet is for the whole organisation; your account is limited to sites.':
    'Una lista vale para toda la organización; su cuenta está limitada a recintos.',
  'After this nobody could manage accounts. Give another account that right first.':
    'Después nadie podría gestionar cuentas. Dé antes ese derecho a otra cuenta.',
  'An account has this role. Give it another one first.': 'Una cuenta tiene este rol. Déle antes otro.',
  'An edge of this name is enrolled already.': 'Ya hay un equipo con este nombre.',
  'An organisation has at most # permits in force.': 'Una organización tiene como máximo # permisos en vigor.',
  'An organisation has at most # keys that hold. Revoke one first.':
    'Una organización tiene como máximo # claves válidas. Revoque antes una.',
  'An organisation has at most # roles.': 'Una organización tiene como máximo # roles.',
  'No edge runs this gate.': 'Ningún equipo maneja este acceso.',
  'No second factor is being set up.': 'No se está configurando ningún segundo factor.',
  'The X-CSRF-Token header is missing or wrong. Load the page again.':
    'Vuelva a cargar la página e inténtelo de nuevo.',
  'The administrator always has every right.': 'La administración siempre tiene todos los derechos.',
  'The request came from another site.': 'La petición vino de otro sitio web.',
  "The roles from the start can't be removed.": 'Los roles de origen no se pueden eliminar.',
  'This hub is set up already.': 'Este servidor ya está configurado.',
  'This permit also holds at sites that your account does not reach.':
    'Este permiso vale también en recintos a los que su cuenta no llega.',
  'This permit is in force already.': 'Este permiso ya está en vigor.',
  'This permit is withdrawn already.': 'Este permiso ya está retirado.',
  'This plate has a permit in force already.': 'Esta matrícula ya tiene un permiso en vigor.',
  'This role has rights that yours does not have.': 'Este rol tiene derechos que el suyo no tiene.',
  'This vehicle is on site already.': 'Este vehículo ya está dentro.',
  'This visit is closed already.': 'Esta estancia ya ha terminado.',
  'Your role does not have this right.': 'Su rol no tiene este derecho.',
  'Your role needs a second factor. Set one up on the page of your account.':
    'Su rol necesita un segundo factor. Configúrelo en la página de su cuenta.',
  'Your second factor is on. Turn it off to set up another.':
    'Su segundo factor está activado. Desactívelo para configurar otro.',
  'a sheet has at most # bytes': 'una lista tiene como máximo # bytes',
  'a sheet has at most # permits': 'una lista tiene como máximo # permisos',
  'at most # characters': 'como máximo # caracteres',
  'at most # gates; none means all': 'como máximo # accesos; ninguno significa todos',
  'control characters are not text': 'los caracteres de control no son texto',
  'has at most # bytes': 'tiene como máximo # bytes',
  'has control characters': 'contiene caracteres de control',
  'has more than # characters': 'tiene más de # caracteres',
  'is already taken': 'ya está en uso',
  'is empty': 'está vacío',
  'is more than two years ahead': 'está a más de dos años vista',
  'is no role of this organisation': 'no es un rol de esta organización',
  'is no site of this organisation': 'no es un recinto de esta organización',
  'is not one of your sites': 'no es uno de sus recintos',
  'is not that of the newest set-up link; `hub-server setup-link` prints a new one':
    'no es el del último enlace de configuración; `hub-server setup-link` muestra uno nuevo',
  'is not the name of a time zone, such as Europe/Madrid': 'no es una zona horaria como Europe/Madrid',
  'is not the one that is shown now': 'no es el que se muestra ahora',
  'is not your password': 'no es su contraseña',
  'is one that everybody tries first, or only a little changed':
    'es una de las que todos prueban primero, o apenas cambiada',
  'is over already': 'ya ha pasado',
  'is the one that you have': 'es la que ya tiene',
  'line # has the same plate': 'la línea # tiene la misma matrícula',
  'must be # to # characters in one line': 'debe tener de # a # caracteres en una línea',
  'must be before until': 'debe ser anterior al final',
  'must be later than valid_from': 'debe ser posterior al comienzo',
  'must name a right': 'debe nombrar un derecho',
  'needs a digit': 'necesita una cifra',
  'needs a lower-case letter': 'necesita una minúscula',
  'needs an upper-case letter': 'necesita una mayúscula',
  'needs at least # characters': 'necesita al menos # caracteres',
  'this column is missing': 'falta esta columna',
  'this column stands twice': 'esta columna aparece dos veces',
  'this line is not CSV': 'esta línea no es CSV',
  'write a date such as #-#-#, or a moment such as #-#-#T#:#:#Z':
    'escriba una fecha como #-#-# o un momento como #-#-#T#:#:#Z',
  'write yes or no': 'escriba yes o no',
}
