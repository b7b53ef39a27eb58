// In the making.
export default function EdgesPage() {
  return null
}
