// How long each stage took, as one bar and a list.
import { Group, Text, Title } from '@mantine/core'

import type { Stages } from '../api'
import { brief } from '../format/time'
import { text } from '../strings'
import classes from './passages.module.css'
import { stageParts } from './stages'

export function StageBar({ stages }: { stages: Stages }) {
  const { parts, totalUs } = stageParts(stages)
  return (
    <>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title order={2}>{text.passage.stages}</Title>
        <Text size="sm" fw={600}>
          {text.passage.total(brief(totalUs))}
        </Text>
      </Group>
      <div className={classes.stages} aria-hidden="true">
        {parts.map(({ stage, us, share }) => (
          <span
            key={stage}
            className={classes.stage}
            data-stage={stage}
            style={{ flexGrow: share, flexBasis: 0 }}
            title={`${text.passage.stage[stage]}: ${brief(us)}`}
          />
        ))}
      </div>
      <ul className={classes.legend}>
        {parts.map(({ stage, us }) => (
          <li key={stage}>
            <span className={classes.swatch} data-stage={stage} aria-hidden="true" />
            {text.passage.stage[stage]}
            <span className={classes.amount}>{brief(us)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
