// In the making.
export default function LivePage() {
  return null
}
