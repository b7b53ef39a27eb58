// How far the checklists are, for those who set the hub up. Says nothing more once all is done.
import { Anchor, Progress, Text } from '@mantine/core'
import { Link } from 'react-router'

import { useChecklist } from '../checklist/checklist'
import parts from '../parts/parts.module.css'
import { text } from '../strings'
import classes from './home.module.css'

export function CheckStrip() {
  const checklist = useChecklist()
  if (!checklist.data) return null
  const items = [...checklist.data.set_up, ...checklist.data.production]
  const open = items.filter((item) => item.state !== 'done').length
  if (open === 0) return null
  return (
    <div className={`${parts.card} ${classes.strip}`}>
      <div className={classes.stripText}>
        <Text fw={600} size="sm" span>
          {text.home.checks}
        </Text>
        <Text size="sm" c="dimmed" span>
          {text.home.checksOpen(open)}
        </Text>
        <Anchor component={Link} to="/checklist" size="sm">
          {text.home.toChecks}
        </Anchor>
      </div>
      <Progress
        value={((items.length - open) / items.length) * 100}
        aria-label={text.checklist.progress(items.length - open, items.length)}
      />
    </div>
  )
}
