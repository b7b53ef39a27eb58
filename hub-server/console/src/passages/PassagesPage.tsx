// In the making.
export default function PassagesPage() {
  return null
}
