// An order to a barrier by hand: what, why, how long it holds, and how it ended.
import { Alert, Button, Group, Modal, Progress, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconClock } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type BarrierAction, type Order, take } from '../api'
import { queries } from '../api/queries'
import { Failure } from '../parts/Failure'
import { useNow } from '../parts/When'
import { text } from '../strings'
import { isOver, secondsLeft } from './order'

const ACTIONS: readonly BarrierAction[] = ['open', 'hold_open', 'close']

export function OrderDialog({ gate, onClose }: { gate: { id: string; name: string }; onClose: () => void }) {
  const [given, setGiven] = useState<{ order: Order; at: number } | null>(null)
  return (
    <Modal opened onClose={onClose} title={text.order.title(gate.name)} centered>
      {given ? (
        <Progressing
          gate={gate.id}
          first={given.order}
          since={given.at}
          onAgain={() => setGiven(null)}
          onClose={onClose}
        />
      ) : (
        <OrderForm gate={gate.id} onGiven={(order) => setGiven({ order, at: Date.now() })} onClose={onClose} />
      )}
    </Modal>
  )
}

function OrderForm({ gate, onGiven, onClose }: { gate: string; onGiven: (order: Order) => void; onClose: () => void }) {
  const [action, setAction] = useState<BarrierAction>('open')
  const [reason, setReason] = useState('')
  const give = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/gates/{id}/orders', { params: { path: { id: gate } }, body: { action, reason } })),
    onSuccess: (order) => {
      void queries.invalidateQueries({ queryKey: ['orders', gate] })
      onGiven(order)
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    give.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <SegmentedControl
          fullWidth
          aria-label={text.order.action}
          value={action}
          onChange={(value) => setAction(ACTIONS.find((one) => one === value) ?? 'open')}
          data={ACTIONS.map((value) => ({ value, label: text.order.actions[value] }))}
        />
        <TextInput
          label={text.order.reason}
          placeholder={text.order.reasonPlaceholder}
          required
          withAsterisk={false}
          maxLength={200}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {action === 'hold_open' && (
          <Alert color="yellow" icon={<IconAlertTriangle />}>
            {text.order.hold}
          </Alert>
        )}
        <Text size="sm" c="dimmed">
          {text.order.why}
        </Text>
        {give.error && <Failure error={give.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {text.action.cancel}
          </Button>
          <Button type="submit" loading={give.isPending} disabled={reason.trim() === ''}>
            {text.order.give[action]}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Progressing({
  gate,
  first,
  since,
  onAgain,
  onClose,
}: {
  gate: string
  first: Order
  since: number
  onAgain: () => void
  onClose: () => void
}) {
  const orders = useQuery({
    queryKey: ['orders', gate],
    queryFn: async () => (await take(api.GET('/api/v1/gates/{id}/orders', { params: { path: { id: gate } } }))).items,
    // News brings the result; asking as well costs little for the seconds that an order holds.
    refetchInterval: (query) => (isOver(find(query.state.data, first)) ? false : 1_000),
  })
  const order = find(orders.data, first)
  const now = useNow(250)
  const left = secondsLeft(order, since, now)
  const over = isOver(order)
  const done = order.state === 'done'
  return (
    <Stack aria-live="polite">
      {over ? (
        <Alert
          color={done ? 'green' : order.state === 'repeated' ? 'gray' : 'red'}
          icon={done ? <IconCircleCheck /> : <IconAlertTriangle />}
          title={done ? text.order.state.done : undefined}
        >
          {done ? text.order.did[order.action] : text.order.state[order.state]}
        </Alert>
      ) : (
        <>
          <Group justify="space-between">
            <Group gap="xs">
              <IconClock size={18} aria-hidden="true" />
              <Text fw={600}>{text.order.state[order.state]}</Text>
            </Group>
            <Text c="dimmed" size="sm">
              {text.order.holds(Math.ceil(left.seconds))}
            </Text>
          </Group>
          <Progress
            value={left.share * 100}
            aria-label={text.order.holds(Math.ceil(left.seconds))}
            transitionDuration={250}
          />
        </>
      )}
      <Group justify="flex-end">
        {over && (
          <Button variant="default" onClick={onAgain}>
            {text.order.again}
          </Button>
        )}
        <Button variant={over ? 'filled' : 'default'} onClick={onClose}>
          {text.action.close}
        </Button>
      </Group>
    </Stack>
  )
}

function find(orders: Order[] | undefined, order: Order): Order {
  return orders?.find((one) => one.id === order.id) ?? order
}
