// In the making.
export default function PermitsPage() {
  return null
}
