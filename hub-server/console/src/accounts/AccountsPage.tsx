// In the making.
export default function AccountsPage() {
  return null
}
