// Edits a week schedule with check boxes and time fields, so that a keyboard and a phone are enough.
import { ActionIcon, Button, Chip, Group, Input, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'

import { text } from '../strings'
import classes from './permits.module.css'
import { DAYS, faultOf, isOvernight, MOST_SPANS, onDay, type Rule, toSpans } from './week'

const FIRST: Rule = { days: [0, 1, 2, 3, 4], from: '08:00', until: '18:00' }

export function WeekEditor({
  rules,
  zone,
  onChange,
}: {
  rules: Rule[]
  zone: string | undefined
  onChange: (rules: Rule[]) => void
}) {
  const change = (index: number, part: Partial<Rule>) =>
    onChange(rules.map((rule, at) => (at === index ? { ...rule, ...part } : rule)))
  return (
    <Input.Wrapper label={text.week.label} description={zone && text.week.zone(zone)} labelElement="div">
      <Stack gap="sm" mt={6}>
        <SegmentedControl
          aria-label={text.week.label}
          value={rules.length === 0 ? 'always' : 'set'}
          onChange={(value) => onChange(value === 'always' ? [] : [FIRST])}
          data={[
            { value: 'always', label: text.week.always },
            { value: 'set', label: text.week.set },
          ]}
        />
        {rules.map((rule, index) => (
          <RuleEditor
            key={index}
            rule={rule}
            number={index + 1}
            onChange={(part) => change(index, part)}
            onRemove={() => onChange(rules.filter((_, at) => at !== index))}
          />
        ))}
        {rules.length > 0 && (
          <>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlus size={15} aria-hidden="true" />}
              onClick={() => onChange([...rules, { days: [], from: '', until: '' }])}
            >
              {text.week.add}
            </Button>
            <WeekPicture rules={rules} />
            {toSpans(rules).length > MOST_SPANS && (
              <Text size="sm" c="red" role="alert">
                {text.week.tooMany}
              </Text>
            )}
          </>
        )}
      </Stack>
    </Input.Wrapper>
  )
}

function RuleEditor({
  rule,
  number,
  onChange,
  onRemove,
}: {
  rule: Rule
  number: number
  onChange: (part: Partial<Rule>) => void
  onRemove: () => void
}) {
  const fault = faultOf(rule)
  return (
    <fieldset className={classes.rule}>
      <legend className={classes.ruleName}>{text.week.rule(number)}</legend>
      <Chip.Group
        multiple
        value={rule.days.map(String)}
        onChange={(days) => onChange({ days: days.map(Number).sort((a, b) => a - b) })}
      >
        <div className={classes.days}>
          {DAYS.map((day) => (
            <Chip key={day} value={String(day)} size="sm" radius="md" aria-label={text.week.dayLong[day]}>
              {text.week.day[day]}
            </Chip>
          ))}
        </div>
      </Chip.Group>
      <div className={classes.times}>
        <Input.Wrapper label={text.week.from} size="xs">
          <Input
            type="time"
            aria-label={text.week.from}
            value={rule.from}
            onChange={(event) => onChange({ from: event.currentTarget.value })}
          />
        </Input.Wrapper>
        <Input.Wrapper label={text.week.until} size="xs">
          <Input
            type="time"
            aria-label={text.week.until}
            value={rule.until}
            onChange={(event) => onChange({ until: event.currentTarget.value })}
          />
        </Input.Wrapper>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={text.week.remove(number)}
          title={text.week.remove(number)}
          onClick={onRemove}
        >
          <IconTrash size={18} />
        </ActionIcon>
      </div>
      {fault ? (
        <Text size="xs" c="dimmed">
          {fault}
        </Text>
      ) : (
        isOvernight(rule) && (
          <Text size="xs" c="dimmed">
            {text.week.overnight}
          </Text>
        )
      )}
    </fieldset>
  )
}

/** The week as seven bars. The rules above say the same in words. */
function WeekPicture({ rules }: { rules: Rule[] }) {
  const spans = toSpans(rules)
  return (
    <div className={classes.week} role="img" aria-label={text.week.picture}>
      {DAYS.map((day) => (
        <Group key={day} gap={8} wrap="nowrap">
          <span className={classes.weekDay}>{text.week.day[day]}</span>
          <svg className={classes.weekBar} viewBox="0 0 1440 10" preserveAspectRatio="none">
            {onDay(spans, day).map((span) => (
              <rect
                key={`${span.from_minute} ${span.until_minute}`}
                x={span.from_minute}
                y="0"
                width={span.until_minute - span.from_minute}
                height="10"
              />
            ))}
            {[360, 720, 1080].map((minute) => (
              <line key={minute} x1={minute} x2={minute} y1="0" y2="10" />
            ))}
          </svg>
        </Group>
      ))}
      <div className={classes.hours} aria-hidden="true">
        {['0', '6', '12', '18', '24'].map((hour) => (
          <span key={hour}>{hour}</span>
        ))}
      </div>
    </div>
  )
}
