// The whole picture with the plate's outline drawn over it.
import { Switch } from '@mantine/core'
import { type ReactNode, useState } from 'react'

import type { PassageDetail } from '../api'
import { text } from '../strings'
import { Absent } from './Crop'
import classes from './passages.module.css'

export function Frame({ passage, children }: { passage: PassageDetail; children?: ReactNode }) {
  const picture = passage.pictures.find((one) => one.kind === 'frame')
  const [size, setSize] = useState<{ width: number; height: number } | null>(null)
  const [broken, setBroken] = useState(false)
  const [outlined, setOutlined] = useState(true)
  const corners = passage.corners?.map((corner) => corner.join(',')).join(' ')
  const shown = picture?.state === 'stored' && !broken
  return (
    <>
      <div className={classes.frame}>
        {shown ? (
          <img
            src={picture.url}
            alt={text.picture.frame}
            onLoad={({ currentTarget }) =>
              setSize({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
            }
            onError={() => setBroken(true)}
          />
        ) : (
          <div className={classes.frameAbsent}>
            <Absent state={picture?.state === 'stored' ? undefined : picture?.state} />
          </div>
        )}
        {shown && size && corners && outlined && (
          <svg className={classes.overlay} viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
            <polygon className={classes.outlineBack} points={corners} />
            <polygon className={classes.outline} points={corners} />
          </svg>
        )}
      </div>
      <div className={classes.frameBar}>
        {children}
        {shown && corners && (
          <Switch
            size="xs"
            label={text.passage.outline}
            checked={outlined}
            onChange={(event) => setOutlined(event.currentTarget.checked)}
          />
        )}
      </div>
    </>
  )
}
