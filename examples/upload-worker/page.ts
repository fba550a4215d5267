/** A page that uploads a file in parts of 5 MiB, two at a time, and lists the files of the bucket. */
export const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Upload</title>
<h1>Upload</h1>
<input type="file" id="file">
<progress id="progress" value="0" max="1"></progress>
<ul id="files"></ul>
<script type="module">
  const PART_BYTES = 5 * 1024 * 1024
  const [file, progress, files] = ['file', 'progress', 'files'].map((id) => document.getElementById(id))

  async function call(key, query, init) {
    const response = await fetch('/files/' + encodeURIComponent(key) + '?' + new URLSearchParams(query), init)
    if (!response.ok) throw new Error(await response.text())
    return response.json()
  }

  async function upload(blob) {
    const { uploadId } = await call(blob.name, { action: 'create' }, { method: 'POST', headers: { 'content-type': blob.type } })
    const count = Math.max(1, Math.ceil(blob.size / PART_BYTES))
    const parts = []
    let next = 1
    const worker = async () => {
      while (next <= count) {
        const partNumber = next++
        const body = blob.slice((partNumber - 1) * PART_BYTES, partNumber * PART_BYTES)
        parts.push(await call(blob.name, { action: 'part', uploadId, partNumber }, { method: 'PUT', body }))
        progress.value = parts.length / count
      }
    }
    await Promise.all([worker(), worker()])
    await call(blob.name, { action: 'complete', uploadId }, { method: 'POST', body: JSON.stringify(parts) })
  }

  async function list() {
    const { objects } = await (await fetch('/files')).json()
    files.replaceChildren(...objects.map(({ key, size }) => {
      const link = Object.assign(document.createElement('a'), { href: '/files/' + encodeURIComponent(key), textContent: key + ' (' + size + ')' })
      const item = document.createElement('li')
      item.append(link)
      return item
    }))
  }

  file.addEventListener('change', () => upload(file.files[0]).then(list, (error) => alert(error.message)))
  list()
</script>
`
