// An address that leads nowhere.
import { Button } from '@mantine/core'
import { IconMap2 } from '@tabler/icons-react'
import { Link } from 'react-router'

import { Empty } from '../parts/Empty'
import { text } from '../strings'

export default function NoSuchPage() {
  return (
    <Empty icon={<IconMap2 />} title={text.failure.noPage} why={text.failure.noPageWhy}>
      <Button component={Link} to="/" variant="default" mt="xs">
        {text.failure.toLive}
      </Button>
    </Empty>
  )
}
