// A plate's text, drawn like one.
import { text } from '../strings'
import classes from './parts.module.css'

const SIZES = { sm: '0.9375rem', md: '1.125rem', lg: '1.5rem', xl: '2rem' } as const

export function Plate({ plate, size = 'sm' }: { plate: string | null | undefined; size?: keyof typeof SIZES }) {
  return (
    <span className={plate ? classes.plate : `${classes.plate} ${classes.plateNone}`} style={{ fontSize: SIZES[size] }}>
      {plate ?? text.noPlate}
    </span>
  )
}
