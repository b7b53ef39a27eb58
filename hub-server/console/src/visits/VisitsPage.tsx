// In the making.
export default function VisitsPage() {
  return null
}
