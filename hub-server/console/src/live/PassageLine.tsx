// One passage of the feed.
import { Text } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { Link } from 'react-router'

import type { Passage } from '../api'
import { Plate } from '../parts/Plate'
import { When } from '../parts/When'
import { Crop } from '../passages/Crop'
import { OutcomeMark } from '../passages/OutcomeMark'
import { reasonOf } from '../passages/vehicle'
import { VehicleMark } from '../passages/VehicleMark'
import classes from './live.module.css'

export function PassageLine({ passage }: { passage: Passage }) {
  return (
    <Link to={`/passages/${passage.id}`} className={classes.line}>
      <Crop pictures={passage.pictures} plate={passage.plate} />
      <span className={classes.plate}>
        <Plate plate={passage.plate} size="lg" />
      </span>
      <span className={classes.what}>
        <OutcomeMark outcome={passage.outcome} />
        <Text component="span" size="sm" className={classes.reason}>
          {passage.permit && passage.outcome === 'open' ? passage.permit.holder : reasonOf(passage)}
        </Text>
        <VehicleMark passage={passage} />
      </span>
      <span className={classes.where}>
        <Text component="span" size="sm" fw={500}>
          {passage.gate.name}
        </Text>
        <Text component="span" size="xs" c="dimmed">
          <When at={passage.first_seen} />
        </Text>
      </span>
      <IconChevronRight size={18} className={classes.go} aria-hidden="true" />
    </Link>
  )
}
