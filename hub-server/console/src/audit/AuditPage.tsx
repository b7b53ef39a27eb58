// In the making.
export default function AuditPage() {
  return null
}
