export { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
