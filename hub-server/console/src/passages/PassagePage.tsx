// In the making.
export default function PassagePage() {
  return null
}
