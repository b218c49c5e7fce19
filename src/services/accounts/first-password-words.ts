/**
 * The words of first passwords, chosen for Homeroom: short, known to children who begin to read English, easy
 * to tell apart when they are read aloud (no `sea` and `see`), spelt in one way everywhere. None names a person's
 * looks, a body, a belief, a fight, a drink or an animal that is an insult somewhere, so that no three of them say
 * anything unkind.
 */
export const words: readonly string[] = `
acorn actor airport album alley almond alphabet anchor answer antenna apple apricot apron arch
arctic artist athlete atlas atom attic autumn avenue avocado award
backpack badge baker balcony ball ballet balloon bamboo banjo banner barrel basin basket bath beach
beaker beam bedroom beetle bell belt bench bicycle biology bird biscuit blanket block blossom blue
boat book boot border bottle bottom bounce bowl box bracelet branch brave bread breeze brick bridge
bright bronze brook broom brush bubble bucket buckle builder bulb bundle bus butter button
cabin cabinet cable cactus cafe cake calendar calm camera camp canal candle canoe canvas canyon
captain car caramel caravan card carnival carpet carrot carton cartoon castle cave cello chain chair
chalk chapter charm chart cheer chef cherry chess chest chorus cinema circle circus citrus city clap
classic clay clean cliff climb clock cloud clover coach coast coat cocoa coconut coffee coin comet
comic compass concert copper coral corner cotton couch country cover crane crater crayon cream creek
cricket crisp crown crystal cube cup curtain curve cushion cycle
daisy dance dawn daylight degree delta desert desk diagram diamond diary dinner dinosaur disc
distance dollar dolphin domino door dot dragon drama drawer dream driver drum dune dust
eagle early earth easel east echo edge editor electric elm emerald engine envelope evening explorer
express
fabric factory falcon farm farmer feather fence fern ferry festival field figure film finish firefly
fish flag flask flight float floor flute foam focus fog folder forest fork fossil fountain fox frame
freezer fresh friend frog frost fruit future
galaxy gallery gallop game garage garden garlic gate gem gentle gift ginger giraffe glacier glad
glass globe glove glow glue gold golf grain grammar granite grape graph grass green grid guest guide
guitar gull
habit hall hammock happy harp harvest hat hawk hazel hedge helmet helper herb hero hill history
hobby hockey holiday honey hoop horizon hotel house humming
ice iceberg icicle idea igloo ink insect iris iron island ivory ivy
jacket jaguar jam jar jasmine jazz jeans jelly jersey jewel jigsaw journal journey joy juice jumper
jungle
kayak kettle keyboard kind kingdom kitchen kite kitten kiwi koala
label ladder lagoon lake lamp lantern laptop lark laugh lava lavender lawn leader leaf lemon
lemonade lens leopard letter lettuce level library light lilac lily lime linen lion lizard lobby
locker lodge logic lotus lucky lunch lunar lynx
magic magnet mango maple marble margin market mask matrix meadow medal melody melon memory metal
meteor middle milk mill minute mirror mist mitten mobile model modern moment money month moon moose
morning mosaic motor mountain movie muffin mural museum mushroom music mustard
napkin narrow nature navy neat nectar needle neon nest net nickel noble noodle north notebook number
nursery nutmeg
oasis oat object ocean office olive omelet onion open opera orange orbit orchard orchid organ
origami ostrich otter oval oven owl oyster
paddle page paint palace palm pan pancake panda panel paper papaya parade parcel park parrot party
passport pasta path patio pattern peach peanut pearl pebble pedal pelican pencil penguin pepper
perfume photo piano picnic picture pigeon pillow pilot pine pink pizza planet plant plastic plate
plaza plum pocket poem poet polar polka pond pony porch postcard poster potato potter prairie
present printer prism project pumpkin puppet puppy purple purse puzzle pyramid
quarter quartz queen quick quiet quilt quiz
rabbit radar radio radish raft rail rainbow raisin ranch ranger raven ready recipe record red reef
relay remote report ribbon rice rider ring ripple river road robin robot rocket roof room rose round
route royal rubber ruby rug ruler runner
saddle safari saffron sail salad salmon salt sandal sandwich satin saucer scarf school science
scooter scout screen seal season seed shadow shape shark shelf shell ship shirt shoe shore shovel
silent silk silver simple singer skate sketch ski sky sled sleep sleeve slipper slope smile smooth
snow soap soccer sock soda sofa soft solar solid song sound soup south space spark sparrow speaker
spice spider spiral sponge spoon spring sprout square squash squirrel stable stadium stamp star
station statue steam steel stem step stone stool storm story stove stream street string studio sugar
summer sunny sunset supper swan sweater sweet swim swing switch syrup
table tablet talent tango tape target tea teapot tennis tent thimble thread thunder ticket tiger
tile timber tin toast today toffee tomato top topaz tower town toy tractor trade trail train travel
treasure tree triangle tricycle trophy truck trumpet trunk tulip tuna tundra tunnel turbo turtle
tutor twig twin
ukulele umbrella uniform unicorn union upper
vacation valley van vanilla vase velvet video view village vine violet violin visit visitor voice
volcano volleyball voyage
waffle wagon walnut wander warm water wave whistle wild willow wind window winner winter wizard
wonder wood wool word workshop world writer
yacht yard year yellow yesterday yoga
zebra zigzag zipper zone zoom
`
  .trim()
  .split(/\s+/);
