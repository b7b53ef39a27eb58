// The picture of a plate, or why there is none.
import { IconPhotoUp, IconPhotoOff } from '@tabler/icons-react'
import { useState } from 'react'

import type { Picture } from '../api'
import { text } from '../strings'
import classes from './passages.module.css'

export function Crop({
  pictures,
  plate,
  size = 'md',
}: {
  pictures: Picture[]
  plate: string | null | undefined
  size?: 'sm' | 'md' | 'lg'
}) {
  const picture = pictures.find((one) => one.kind === 'crop')
  const [broken, setBroken] = useState<string | null>(null)
  const alt = plate ? text.picture.plateOf(plate) : text.picture.plate
  return (
    <span className={classes.crop} data-size={size}>
      {picture?.state === 'stored' && broken !== picture.url ? (
        <img src={picture.url} alt={alt} loading="lazy" onError={() => setBroken(picture.url)} />
      ) : (
        <Absent state={picture?.state} />
      )}
    </span>
  )
}

/** Stands where a picture would be. */
export function Absent({ state }: { state: Picture['state'] | undefined }) {
  const word =
    state === 'waiting' ? text.picture.waiting : state === 'expired' ? text.picture.expired : text.picture.none
  const Sign = state === 'waiting' ? IconPhotoUp : IconPhotoOff
  return (
    <span className={classes.absent} title={word}>
      <Sign size={20} stroke={1.5} aria-hidden="true" />
      <span className={classes.absentWord}>{word}</span>
    </span>
  )
}
